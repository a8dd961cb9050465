import { runService } from '@peyk/service-kit'

import { settings } from './config.ts'
import { start } from './start.ts'

runService({ name: 'gateway', adminPort: 9464, settings, start })
