/** The owner's counters; one may be shared by several feeds. */
export class WebSocketMonitor {
  connectionCount = 0
  messageCount = 0
  errorCount = 0

  onConnect(): void {
    this.connectionCount += 1
  }

  onMessage(): void {
    this.messageCount += 1
  }

  onError(): void {
    this.errorCount += 1
  }
}
