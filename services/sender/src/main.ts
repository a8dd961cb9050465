import { runService } from '@peyk/service-kit'

import { settings } from './config.ts'
import { start } from './start.ts'

runService({ name: 'sender', adminPort: 9466, settings, start })
