// A web server as a user would start it in a dev container: node preview-app.mjs PORT
import { createHash } from 'node:crypto';
import { createServer } from 'node:http';

const PIECE = Buffer.alloc(64 * 1024, 'x');
let sent = 0;
let leavers = 0;

const routes = {
  '/': (request, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html><title>An app</title><h1>An app</h1>'),
  '/echo': async (request, response) => {
    let length = 0;
    for await (const chunk of request) length += chunk.length;
    const { method, url, headers } = request;
    response.setHeader('content-type', 'application/json').end(JSON.stringify({ method, url, headers, length }));
  },
  '/answer': (request, response) => {
    // Whatever headers the test wants: ?NAME=VALUE
    for (const [name, value] of new URL(request.url, 'http://localhost').searchParams)
      response.appendHeader(name, value);
    response.end('answered');
  },
  '/large': (request, response) => {
    sent = 0;
    const more = () => {
      while (sent < 100 * 1024 * 1024) {
        sent += PIECE.length;
        if (!response.write(PIECE)) return response.once('drain', more);
      }
      response.end();
    };
    more();
  },
  '/sent': (request, response) => response.end(String(sent)),
  '/refuse': (request, response) => response.writeHead(413).end('too large'),
  '/half': (request, response) => {
    response.writeHead(200, { 'content-length': '1000' }).write('half', () => response.destroy());
  },
  '/wait': (request, response) => {
    response.once('close', () => (leavers += 1));
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: 1\n\n');
  },
  '/leavers': (request, response) => response.end(String(leavers)),
};

const server = createServer((request, response) => {
  const route = routes[request.url.split('?', 1)[0]];
  if (route === undefined) response.writeHead(404).end('no such page of the app');
  else route(request, response);
});

// Echoes short messages of WebSockets; ?refuse=1 refuses.
server.on('upgrade', (request, socket) => {
  socket.on('error', () => {});
  if (request.url.includes('refuse=1')) return socket.end('HTTP/1.1 403 Forbidden\r\ncontent-length: 2\r\n\r\nno');
  const key = request.headers['sec-websocket-key'] + '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
  const accept = createHash('sha1').update(key).digest('base64');
  socket.write(
    'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
      `Sec-WebSocket-Accept: ${accept}\r\nSet-Cookie: from=socket; Domain=localhost\r\n\r\n`,
  );
  socket.on('data', (frame) => {
    if ((frame[0] & 15) === 8) return socket.end(Buffer.of(0x88, 0));
    const text = Buffer.from(frame.subarray(6, 6 + (frame[1] & 127)).map((byte, at) => byte ^ frame[2 + (at % 4)]));
    const reply = text.toString() === 'headers' ? Buffer.from(request.headers.cookie ?? 'none') : text;
    socket.write(Buffer.concat([Buffer.of(0x81, reply.length), reply]));
  });
});

server.listen(Number(process.argv[2]), 'localhost', () => console.log('ready'));
