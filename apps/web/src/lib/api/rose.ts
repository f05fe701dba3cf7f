import { createRoseClient } from '@rose/client';

/** The one door to the orchestrator that serves this page; the browser's cookie says who asks. */
export const rose = createRoseClient({ url: '' });
