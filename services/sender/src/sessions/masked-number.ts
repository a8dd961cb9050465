/** What a user may see of a linked number: enough to know it, too little to call it. */
export const maskNumber = (phone: string): string =>
  phone.length < 10 ? `${phone.slice(0, 2)}***` : `${phone.slice(0, 5)}***${phone.slice(-2)}`
