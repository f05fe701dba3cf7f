import { getSystemErrorMessage } from 'node:util';
import { RoseError } from '@rose/contract/errors';

/** Any failure in the words of the catalogue, also those of this machine's own files. */
export function asFailure(error: unknown): RoseError {
  if (error instanceof RoseError) return error;
  if (!(error instanceof Error)) return new RoseError('INTERNAL', `rose failed: ${String(error)}`);
  const { code, message } = error as NodeJS.ErrnoException;
  switch (code) {
    case 'ENOENT':
      return new RoseError('NOT_FOUND', localText(error), { what: 'file' }, { cause: error });
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return new RoseError('FORBIDDEN', localText(error), {}, { cause: error });
    case 'ENOTDIR':
    case 'EISDIR':
    case 'EEXIST':
    case 'ENOTEMPTY':
    case 'ELOOP':
      return new RoseError('CONFLICT', localText(error), {}, { cause: error });
    default:
      return new RoseError(
        'INTERNAL',
        typeof code === 'string' ? localText(error) : `rose failed: ${message}`,
        {},
        { cause: error },
      );
  }
}

/** "/tmp/x: no such file or directory" */
function localText(error: NodeJS.ErrnoException): string {
  const { path, errno, message } = error;
  return typeof path === 'string' && errno !== undefined ? `${path}: ${getSystemErrorMessage(errno)}` : message;
}
