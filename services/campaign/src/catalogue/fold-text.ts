/** One form of what people type differently: Arabic and Persian letters and digits, half-spaces, case. */
export const foldText = (text: string): string =>
  text
    .normalize('NFKC')
    .replaceAll('ي', 'ی')
    .replaceAll('ك', 'ک')
    .replace(/[۰-۹]/gu, (digit) => String((digit.codePointAt(0) ?? 0) - 0x06f0))
    .replace(/[٠-٩]/gu, (digit) => String((digit.codePointAt(0) ?? 0) - 0x0660))
    .replace(/[\s\u200b-\u200f]+/gu, ' ')
    .trim()
    .toLowerCase()
