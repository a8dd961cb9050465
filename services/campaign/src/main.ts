import { runService } from '@peyk/service-kit'

import { settings } from './config.ts'
import { start } from './start.ts'

runService({ name: 'campaign', adminPort: 9465, settings, start })
