// The languages, and which way each is written.
export type Language = 'fa' | 'en'

export const directionOf = (language: Language): 'rtl' | 'ltr' => (language === 'fa' ? 'rtl' : 'ltr')
