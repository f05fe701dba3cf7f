import { router, viewer } from '../trpc.ts';
import { listPorts } from './ports-service.ts';

export const portsRouter = router({
  /** On which TCP ports something listens. */
  list: viewer.query(() => listPorts()),
});
