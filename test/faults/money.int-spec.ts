import { money } from './cases/money.js';
import { describeFaultCase } from './fault-case.contract.js';

describeFaultCase(money, ['8 workers', 'control: no inbox'], { faultMs: 3_000 });
