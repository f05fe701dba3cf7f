import { request, type IncomingHttpHeaders } from 'node:http';

export interface Answer {
  status: number;
  headers: IncomingHttpHeaders;
  text: string;
  /** The body as JSON; undefined when it is none. */
  json: unknown;
}

export interface Question {
  method?: string;
  /** Any header, Host and Origin too, which fetch keeps to itself. */
  headers?: Record<string, string>;
  /** An object is sent as JSON, a string as it is. */
  body?: object | string;
}

/** One plain HTTP request, as any program could send it. */
export function ask(url: string, { method, headers = {}, body }: Question = {}): Promise<Answer> {
  const bytes = typeof body === 'object' ? JSON.stringify(body) : body;
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  const asked = request(
    url,
    {
      method: method ?? (bytes === undefined ? 'GET' : 'POST'),
      headers: bytes === undefined ? headers : { 'content-type': 'application/json', ...headers },
      signal: AbortSignal.timeout(30_000),
    },
    (response) => {
      let text = '';
      response.setEncoding('utf8');
      response.on('data', (chunk: string) => (text += chunk));
      response.on('end', () => {
        resolve({ status: response.statusCode ?? 0, headers: response.headers, text, json: parse(text) });
      });
      response.on('error', reject);
    },
  );
  asked.on('error', reject);
  asked.end(bytes);
  return promise;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
