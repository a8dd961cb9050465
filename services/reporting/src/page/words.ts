// What the report page says, in both languages.
import type { CampaignStatus, OutcomeReason, RecipientState } from '@peyk/contracts'

export const languages = ['fa', 'en'] as const
export type Language = (typeof languages)[number]

export interface Words {
  readonly report: string
  readonly asOf: string
  readonly created: string
  readonly started: string
  readonly completed: string
  readonly notYet: string
  readonly recipients: string
  readonly sentTotal: string
  readonly deliveredTotal: string
  readonly readTotal: string
  readonly notSent: string
  readonly perHour: string
  readonly overTime: string
  readonly byState: string
  readonly byReason: string
  readonly nothingSent: string
  readonly noFailures: string
  readonly numbers: string
  readonly number: string
  readonly sentBy: string
  readonly message: string
  readonly receipts: string
  readonly status: Readonly<Record<CampaignStatus, string>>
  readonly state: Readonly<Record<RecipientState, string>>
  readonly reason: Readonly<Record<OutcomeReason, string>>
}

const fa: Words = {
  report: 'گزارش کمپین',
  asOf: 'وضعیت در',
  created: 'ایجاد',
  started: 'شروع',
  completed: 'پایان',
  notYet: 'هنوز نه',
  recipients: 'گیرندگان',
  sentTotal: 'ارسال‌شده',
  deliveredTotal: 'تحویل‌شده',
  readTotal: 'خوانده‌شده',
  notSent: 'ارسال‌نشده',
  perHour: 'ارسال در ساعت',
  overTime: 'پیشرفت در طول زمان',
  byState: 'وضعیت گیرندگان',
  byReason: 'دلیل‌های ارسال‌نشدن',
  nothingSent: 'هنوز پیامی ارسال نشده است.',
  noFailures: 'هیچ پیامی ناموفق نبوده است.',
  numbers: 'شماره‌های فرستنده',
  number: 'شماره',
  sentBy: 'ارسال‌شده',
  message: 'متن پیام',
  receipts: 'ارسال‌شده‌ها شامل تحویل‌شده‌ها و خوانده‌شده‌هاست. رسیدها ممکن است پس از پایان هم برسند.',
  status: {
    DRAFT: 'پیش‌نویس',
    READY: 'آماده',
    SCHEDULED: 'زمان‌بندی‌شده',
    RUNNING: 'در حال اجرا',
    PAUSED: 'متوقف',
    COMPLETED: 'پایان‌یافته',
    CANCELLED: 'لغوشده',
    FAILED: 'ناموفق',
  },
  state: {
    pending: 'در انتظار',
    attempted: 'در حال ارسال',
    sent: 'ارسال‌شده',
    delivered: 'تحویل‌شده',
    read: 'خوانده‌شده',
    replied: 'پاسخ داده',
    failed: 'ناموفق',
    skipped: 'رد شده',
    unconfirmed: 'تأییدنشده',
  },
  reason: {
    opted_out: 'انصراف داده است',
    not_on_whatsapp: 'در واتساپ نیست',
    invalid_number: 'شماره نامعتبر',
    duplicate: 'تکراری',
    recently_contacted: 'به‌تازگی پیام گرفته است',
    cancelled: 'کمپین لغو شد',
    reach_out_locked: 'محدودیت واتساپ برای مخاطب تازه',
    rejected: 'واتساپ نپذیرفت',
    media_failed: 'پیوست ارسال نشد',
    no_device: 'دستگاهی ندارد',
    internal: 'خطای داخلی',
    no_ack: 'واتساپ تأیید نکرد',
  },
}

const en: Words = {
  report: 'Campaign report',
  asOf: 'As of',
  created: 'Created',
  started: 'Started',
  completed: 'Completed',
  notYet: 'Not yet',
  recipients: 'Recipients',
  sentTotal: 'Sent',
  deliveredTotal: 'Delivered',
  readTotal: 'Read',
  notSent: 'Not sent',
  perHour: 'Sent an hour',
  overTime: 'Progress over time',
  byState: 'Recipients by state',
  byReason: 'Why some were not sent',
  nothingSent: 'Nothing has been sent yet.',
  noFailures: 'Nothing failed.',
  numbers: 'Sending numbers',
  number: 'Number',
  sentBy: 'Sent',
  message: 'Message',
  receipts: 'Sent includes delivered and read. Receipts may still come after the end.',
  status: {
    DRAFT: 'Draft',
    READY: 'Ready',
    SCHEDULED: 'Scheduled',
    RUNNING: 'Running',
    PAUSED: 'Paused',
    COMPLETED: 'Completed',
    CANCELLED: 'Cancelled',
    FAILED: 'Failed',
  },
  state: {
    pending: 'Pending',
    attempted: 'Being sent',
    sent: 'Sent',
    delivered: 'Delivered',
    read: 'Read',
    replied: 'Replied',
    failed: 'Failed',
    skipped: 'Skipped',
    unconfirmed: 'Unconfirmed',
  },
  reason: {
    opted_out: 'Opted out',
    not_on_whatsapp: 'Not on WhatsApp',
    invalid_number: 'Invalid number',
    duplicate: 'Duplicate',
    recently_contacted: 'Contacted recently',
    cancelled: 'Campaign cancelled',
    reach_out_locked: 'WhatsApp limits new contacts',
    rejected: 'WhatsApp refused',
    media_failed: 'Attachment failed',
    no_device: 'No device',
    internal: 'Internal error',
    no_ack: 'WhatsApp did not confirm',
  },
}

export const words: Readonly<Record<Language, Words>> = { fa, en }
