/** One form of what people type differently: Arabic and Persian letters and digits, half-spaces, vowel marks, case. */
export const foldText = (text: string): string =>
  text
    .normalize('NFKC')
    .replace(/[يى]/gu, 'ی')
    .replaceAll('ك', 'ک')
    .replaceAll('ة', 'ه')
    .replace(/[\p{M}\u0640]+/gu, '')
    .replace(/[۰-۹]/gu, (digit) => String((digit.codePointAt(0) ?? 0) - 0x06f0))
    .replace(/[٠-٩]/gu, (digit) => String((digit.codePointAt(0) ?? 0) - 0x0660))
    .replace(/[\s\u200b-\u200f]+/gu, ' ')
    .trim()
    .toLowerCase()

/** What a search compares: with a half-space, a space or none between them, two parts of a word are the same word. */
export const searchedText = (text: string): string => foldText(text).replaceAll(' ', '')

const alphabet = Array.from('آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی')
/** Persian letters come after all others, in the order of their own alphabet. */
const letterKeys = new Map(
  alphabet.map((letter, index) => [letter, String.fromCodePoint(0xe000 + index)] as const),
)
const DIGITS = 15

/** A text whose order by code points is the order of Persian titles; numbers sort by their value. */
export const sortKey = (text: string): string =>
  Array.from(foldText(text).replace(/\d+/gu, (number) => number.padStart(DIGITS, '0')))
    .map((letter) => letterKeys.get(letter) ?? letter)
    .join('')
