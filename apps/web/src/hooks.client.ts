import { config } from 'zod';

// zod would try `new Function` for speed; the page's policy refuses that, with noise in the console.
config({ jitless: true });
