import { monitorEventLoopDelay } from 'node:perf_hooks';
import type { FastifyInstance } from 'fastify';

/** Upper bounds of the histogram, seconds. */
const BOUNDS = [0.005, 0.02, 0.1, 0.5, 2, 10, 60];

interface Route {
  /** By status. */
  requests: Map<number, number>;
  /** How many took at most BOUNDS[i] seconds. */
  buckets: number[];
  count: number;
  seconds: number;
}

/** /metrics in Prometheus' text format. Labels are method and route pattern: as many as there are routes. */
export function addMetrics(server: FastifyInstance): void {
  const routes = new Map<string, Route>();
  const delay = monitorEventLoopDelay({ resolution: 20 });
  delay.enable();
  server.addHook('onClose', () => void delay.disable());
  server.addHook('onResponse', async (request, reply) => {
    const labels = `method="${request.method}",route="${request.routeOptions.url ?? 'none'}"`;
    note(routes, labels, reply.statusCode, reply.elapsedTime / 1000);
  });
  server.get('/metrics', (_request, reply) => {
    const text = [...requestLines(routes), ...processLines(delay.mean / 1e9)].join('\n');
    return reply.type('text/plain; version=0.0.4; charset=utf-8').send(`${text}\n`);
  });
}

function note(routes: Map<string, Route>, labels: string, status: number, seconds: number): void {
  const route = routes.get(labels) ?? { requests: new Map(), buckets: BOUNDS.map(() => 0), count: 0, seconds: 0 };
  routes.set(labels, route);
  route.requests.set(status, (route.requests.get(status) ?? 0) + 1);
  route.buckets = route.buckets.map((count, i) => count + (seconds <= (BOUNDS[i] ?? 0) ? 1 : 0));
  route.count += 1;
  route.seconds += seconds;
}

function* requestLines(routes: Map<string, Route>): Generator<string> {
  yield '# TYPE rose_http_requests_total counter';
  for (const [labels, { requests }] of routes) {
    for (const [status, count] of requests) yield `rose_http_requests_total{${labels},status="${status}"} ${count}`;
  }
  const name = 'rose_http_request_duration_seconds';
  yield `# TYPE ${name} histogram`;
  for (const [labels, { buckets, count, seconds }] of routes) {
    for (const [i, within] of buckets.entries()) yield `${name}_bucket{${labels},le="${BOUNDS[i]}"} ${within}`;
    yield `${name}_bucket{${labels},le="+Inf"} ${count}`;
    yield `${name}_sum{${labels}} ${seconds}`;
    yield `${name}_count{${labels}} ${count}`;
  }
}

function processLines(eventLoopDelaySeconds: number): string[] {
  const { user, system } = process.cpuUsage();
  return [
    '# TYPE process_cpu_seconds_total counter',
    `process_cpu_seconds_total ${(user + system) / 1e6}`,
    '# TYPE process_resident_memory_bytes gauge',
    `process_resident_memory_bytes ${process.memoryUsage.rss()}`,
    '# TYPE process_start_time_seconds gauge',
    `process_start_time_seconds ${(performance.timeOrigin / 1000).toFixed(3)}`,
    '# TYPE rose_event_loop_delay_mean_seconds gauge',
    `rose_event_loop_delay_mean_seconds ${Number.isFinite(eventLoopDelaySeconds) ? eventLoopDelaySeconds : 0}`,
  ];
}
