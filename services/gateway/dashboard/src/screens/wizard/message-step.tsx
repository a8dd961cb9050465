// What is to be said, with variables, the count of characters and what a recipient would see.
import {
  characterCount,
  MAX_MESSAGE_CHARACTERS,
  renderMessage,
  requiredVariables,
} from '@peyk/contracts/message-template'
import { useMemo, useRef, useState } from 'preact/hooks'

import { api, type Campaign } from '../../api.ts'
import { MessageBubble } from '../../parts/message-bubble.tsx'
import { ProblemNotice } from '../../parts/notices.tsx'
import { usePreferences } from '../../preferences.tsx'
import { navigate, paths } from '../../router.ts'
import { useTask } from '../../use-task.ts'
import { forgetDraft, useDraft } from './use-draft.ts'

const MAX_TITLE = 100

interface MessageStepProps {
  /** Absent: it is made by this step. */
  readonly campaign: Campaign | undefined
}

export const MessageStep = ({ campaign }: MessageStepProps) => {
  const { t } = usePreferences()
  const { title, message, type, saved } = useDraft(campaign)
  const [wasAsked, setAsked] = useState(false)
  // One wish, one campaign: a repeat after a lost answer has the same key, another text is another wish.
  const key = useMemo(() => crypto.randomUUID(), [title, message])
  const task = useTask()
  const isBlank = message.trim() === ''
  const isTooLong = characterCount(message) > MAX_MESSAGE_CHARACTERS

  const submit = (event: Event) => {
    event.preventDefault()
    setAsked(true)
    if (isBlank || isTooLong) return
    task.run(async () => {
      if (campaign !== undefined && !(await saved.settle())) return
      const id = campaign?.id ?? (await create({ title: title.trim(), message }, key))
      navigate(paths.step(id, 'recipients'))
    })
  }
  return (
    <form class="split" onSubmit={submit}>
      <section class="card">
        <h1>{t('message.title')}</h1>
        <label class="field">
          <span>{t('message.name')}</span>
          <input
            type="text"
            dir={title === '' ? undefined : 'auto'}
            maxLength={MAX_TITLE}
            value={title}
            aria-describedby="title-hint"
            onInput={({ currentTarget }) => type({ title: currentTarget.value })}
          />
        </label>
        <p class="hint" id="title-hint">
          {t('message.nameHint')}
        </p>
        <MessageField
          message={message}
          isWrong={wasAsked && (isBlank || isTooLong)}
          onChange={(typed) => type({ message: typed })}
        />
        {wasAsked && isBlank && (
          <p class="bad-text" role="alert">
            {t('message.blank')}
          </p>
        )}
        <ProblemNotice problem={task.problem ?? saved.problem} />
        <div class="actions">
          <button type="submit" class="button primary" disabled={task.isBusy}>
            {t('steps.next')}
          </button>
          <span class="hint saved" role="status">
            {saved.state === 'saved' && t('message.saved')}
          </span>
        </div>
      </section>
      <SamplePreview message={message} />
    </form>
  )
}

const create = async (
  { title, message }: { readonly title: string; readonly message: string },
  key: string,
): Promise<number> => {
  const { id } = await api.create({ ...(title === '' ? {} : { title }), message }, key)
  forgetDraft()
  return id
}

interface MessageFieldProps {
  readonly message: string
  readonly isWrong: boolean
  readonly onChange: (message: string) => void
}

const MessageField = ({ message, isWrong, onChange }: MessageFieldProps) => {
  const { t, format, language } = usePreferences()
  const area = useRef<HTMLTextAreaElement>(null)
  const count = characterCount(message)
  const isTooLong = count > MAX_MESSAGE_CHARACTERS
  const insert = (variable: string) => {
    const { selectionStart = message.length, selectionEnd = message.length } = area.current ?? {}
    onChange(message.slice(0, selectionStart) + variable + message.slice(selectionEnd))
    area.current?.focus()
  }
  const withDefault = language === 'fa' ? '{{name|دوست عزیز}}' : '{{name|dear friend}}'
  return (
    <>
      <label class="field">
        <span>{t('message.text')}</span>
        <textarea
          ref={area}
          dir={message === '' ? undefined : 'auto'}
          rows={9}
          value={message}
          placeholder={t('message.placeholder')}
          aria-describedby="message-hint message-count"
          aria-invalid={isWrong}
          onInput={({ currentTarget }) => onChange(currentTarget.value)}
        />
      </label>
      <div class="under-field">
        <div class="chips" role="group" aria-label={t('message.insert')}>
          <button type="button" class="chip" onClick={() => insert('{{name}}')}>
            {t('message.variableName')}
          </button>
          <button type="button" class="chip" onClick={() => insert(withDefault)}>
            {t('message.variableDefault')}
          </button>
        </div>
        <span
          id="message-count"
          class={isTooLong ? 'bad-text' : 'hint'}
          aria-live={isTooLong ? 'polite' : 'off'}
        >
          {t('message.count', { count: format.number(count), limit: format.number(MAX_MESSAGE_CHARACTERS) })}
        </span>
      </div>
      <p class="hint" id="message-hint">
        {t('message.hint')}
      </p>
    </>
  )
}

/** Before there is a list: a name that could be, and each other variable by its own name. */
const SamplePreview = ({ message }: { readonly message: string }) => {
  const { t } = usePreferences()
  const names = requiredVariables(message)
  const sample = {
    ...Object.fromEntries(names.map((name) => [name, `‹${name}›`])),
    name: t('message.sampleName'),
  }
  const columns = names.map((name) => (name === 'name' ? t('message.nameColumn') : name))
  const rendered = renderMessage(message, sample)
  return (
    <aside class="preview" aria-label={t('message.preview')}>
      <h2>{t('message.preview')}</h2>
      <MessageBubble
        to={t('message.sampleName')}
        text={rendered.outcome === 'rendered' ? rendered.text : message}
      />
      {names.length > 0 && (
        <p class="hint">{t('message.needs', { names: columns.join(t('message.separator')) })}</p>
      )}
    </aside>
  )
}
