import { pino, type DestinationStream, type Logger } from 'pino';

/** Where a secret might hide in what is logged. */
const SECRETS = ['cookie', 'set-cookie', 'authorization', 'password', 'passwordHash', 'token', 'secret', 'secretKey'];
const DEPTHS = ['', '*.', '*.*.', '*.*.*.'];

/** JSON lines on stderr: stdout belongs to the ready line. */
export function createLog(
  level: string,
  destination: DestinationStream = pino.destination({ fd: 2, sync: true }),
): Logger {
  const paths = DEPTHS.flatMap((depth) =>
    SECRETS.map((name) => (depth === '' ? `["${name}"]` : `${depth.slice(0, -1)}["${name}"]`)),
  );
  return pino({ level, redact: { paths, censor: '[secret]' } }, destination);
}
