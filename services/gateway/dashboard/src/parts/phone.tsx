// A phone number: always left to right, whatever stands around it.
import { usePreferences } from '../preferences.tsx'

interface PhoneProps {
  readonly number: string
  /** Hides its middle. */
  readonly isMasked?: boolean
}

export const Phone = ({ number, isMasked = false }: PhoneProps) => {
  const { format } = usePreferences()
  return (
    <bdi class="phone" dir="ltr">
      {isMasked ? format.masked(number) : format.digits(number)}
    </bdi>
  )
}
