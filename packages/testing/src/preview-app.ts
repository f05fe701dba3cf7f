import { readFileSync } from 'node:fs';
import path from 'node:path';

/** A web server as somebody would start it in a dev container: `node preview-app.mjs PORT`. */
export const PREVIEW_APP = readFileSync(path.join(import.meta.dirname, 'preview-app.mjs'), 'utf8');
