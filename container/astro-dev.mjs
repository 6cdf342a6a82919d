// Astro's dev server behind the live editor's load balancer, whatever the site's own settings say of where it is served:
//
//	node astro-dev.mjs HOST PORT HMR_PORT      in the site's folder, with its own Astro
//
// The load balancer passes /preview/* to PORT and /ws/* to HMR_PORT, and nothing else comes through.
import { readFile, realpath } from 'node:fs/promises';
import { createRequire } from 'node:module';
import path from 'node:path';
import { pathToFileURL } from 'node:url';

const base = '/preview/';
const [host, port, hmrPort] = process.argv.slice(2);
const { PUBLIC_HOST, HMR_CLIENT_PORT = '443' } = process.env;

// Vite's modules are below the base like the pages. Astro takes the base off each request before Vite sees it, and puts it before none of
// the addresses of modules that it writes into a page; here it is put back into both.
const unprefixed = /(=\s*["'])\/(?=@vite\/|@id\/|@fs\/|src\/|node_modules\/)/g;

function below() {
  return {
    name: 'live-edit:below',
    enforce: 'post',
    config: () => ({ base }),
    // What is installed may be on the task's disk, behind a link. Vite asks where that leads, and serves nothing outside the site by itself.
    async configResolved({ server }) {
      const installed = await realpath('node_modules').catch(() => undefined);
      if (installed && !server.fs.allow.includes(installed)) server.fs.allow.push(installed);
    },
    configureServer(server) {
      server.middlewares.use((request, response, next) => {
        if (!request.url.startsWith(base)) request.url = base + request.url.replace(/^\/+/, '');
        rewrite(response);
        next();
      });
      // A page that loaded while the server restarted is the old server's, and would wait for the next edit to become the new one's.
      const { webSocketToken } = server.config;
      server.ws.on('connection', (socket, { url }) => {
        const token = new URL(url, 'ws://localhost').searchParams.get('token');
        if (token !== null && token !== webSocketToken) socket.send('{"type":"full-reload"}');
      });
    },
  };
}

// rewrite completes the addresses in a page, as a whole: a part may end within one. Whatever is no page passes as it comes.
function rewrite(response) {
  const { writeHead, write, end } = response;
  const parts = [];
  let head = [];
  const isPage = () => /^text\/html/.test(response.getHeader('content-type') ?? '');
  const release = () => {
    Object.assign(response, { writeHead, write, end });
    if (head.length) response.writeHead(...head);
  };
  response.writeHead = (status, ...more) => {
    const headers = more.findLast((each) => typeof each === 'object') ?? {};
    for (const [name, value] of Object.entries(headers)) response.setHeader(name, value);
    head = [status, ...more.filter((each) => typeof each === 'string')];
    return response;
  };
  response.write = (part, ...more) => {
    if (isPage()) {
      parts.push(Buffer.from(part));
      return true;
    }
    release();
    return response.write(part, ...more);
  };
  response.end = (part, ...more) => {
    if (!isPage()) {
      release();
      return response.end(part, ...more);
    }
    if (part && typeof part !== 'function') parts.push(Buffer.from(part));
    const body = Buffer.from(Buffer.concat(parts).toString().replace(unprefixed, `$1${base}`));
    if (response.hasHeader('content-length')) response.setHeader('Content-Length', body.length);
    release();
    return response.end(body, ...[part, ...more].filter((each) => typeof each === 'function'));
  };
}

// Astro is the site's own, in the version that the site has.
const manifest = createRequire(path.resolve('package.json')).resolve('astro/package.json');
const exported = JSON.parse(await readFile(manifest, 'utf8')).exports['.'];
const entry = typeof exported === 'string' ? exported : (exported.import ?? exported.default);
const { dev } = await import(pathToFileURL(path.resolve(path.dirname(manifest), entry)).href);

const sockets = { port: Number(hmrPort), clientPort: Number(HMR_CLIENT_PORT), protocol: 'wss', path: '../ws/hmr' };
const server = await dev({
  root: process.cwd(),
  base,
  server: { host, port: Number(port), allowedHosts: [PUBLIC_HOST] },
  vite: {
    plugins: [below()],
    // strictPort: another port than the supervisor asks at would be found by nobody. Vite 8.4 calls hmr ws, and takes both.
    server: { strictPort: true, allowedHosts: [PUBLIC_HOST], hmr: sockets },
  },
});
for (const signal of ['SIGTERM', 'SIGINT']) {
  process.once(signal, async () => {
    await server.stop();
    process.exit(0);
  });
}
