// A message as WhatsApp shows it on the recipient's phone.
import { usePreferences } from '../preferences.tsx'

interface MessageBubbleProps {
  readonly text: string
  readonly to: string
}

export const MessageBubble = ({ text, to }: MessageBubbleProps) => {
  const { format } = usePreferences()
  return (
    <div class="chat">
      <p class="chat-name" dir="auto">
        {to}
      </p>
      <div class="bubble">
        <p class="bubble-text" dir="auto">
          {text === '' ? '…' : text}
        </p>
        <span class="bubble-time" aria-hidden="true">
          {format.time(new Date())}
        </span>
      </div>
    </div>
  )
}
