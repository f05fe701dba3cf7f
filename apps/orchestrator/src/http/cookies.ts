import { parseCookie, stringifySetCookie } from 'cookie';
import type { FastifyReply } from 'fastify';
import { SESSION_LIFE_DAYS } from '../drivers/sessions/index.ts';
import type { SignInCookies } from '../trpc.ts';

const DAY_SECONDS = 86_400;
const DEVICE_DAYS = 365;

export interface CookieJar {
  readonly session: string | null;
  readonly device: string | null;
}

/** The cookies of RoSE: `__Host-` and Secure behind TLS, where no other site of the host can plant them. */
export class Cookies {
  readonly #isSecure: boolean;
  readonly #session: string;
  readonly #device: string;

  constructor(publicUrl: string | null) {
    this.#isSecure = publicUrl !== null && new URL(publicUrl).protocol === 'https:';
    this.#session = this.#isSecure ? '__Host-rose' : 'rose';
    this.#device = `${this.#session}-device`;
  }

  get isSecure(): boolean {
    return this.#isSecure;
  }

  read(header: string | undefined): CookieJar {
    const jar = parseCookie(header ?? '');
    return { session: jar[this.#session] || null, device: jar[this.#device] || null };
  }

  writer(reply: FastifyReply): SignInCookies {
    const put = (name: string, value: string, maxAge: number): void => {
      const cookie = stringifySetCookie({
        name,
        value,
        maxAge,
        httpOnly: true,
        sameSite: 'lax',
        path: '/',
        secure: this.#isSecure,
      });
      void reply.header('set-cookie', cookie);
    };
    return {
      keep: ({ id }, device) => {
        put(this.#session, id, SESSION_LIFE_DAYS * DAY_SECONDS);
        put(this.#device, device, DEVICE_DAYS * DAY_SECONDS);
      },
      drop: () => put(this.#session, '', 0),
    };
  }
}
