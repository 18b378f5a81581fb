// node --import ./bearer.mjs: adds "Authorization: Bearer $MCP_CONFORMANCE_BEARER" to whatever the
// suite sends. It has no option for that, and it speaks HTTP in three ways: the global fetch, the
// npm package undici, and node:http.
import http from "node:http";
import { createRequire, syncBuiltinESMExports } from "node:module";
import { pathToFileURL } from "node:url";

const value = `Bearer ${process.env.MCP_CONFORMANCE_BEARER}`;
const fromSuite = createRequire(pathToFileURL(`${process.cwd()}/`));
const undici = fromSuite("undici");

const plainFetch = globalThis.fetch;
globalThis.fetch = (input, init = {}) => {
  const given = init.headers ?? (input instanceof Request ? input.headers : undefined);
  const headers = new Headers(given);
  if (!headers.has("authorization")) headers.set("authorization", value);
  return plainFetch(input, { ...init, headers });
};

const authorized = (headers) => {
  const named = new Headers();
  if (Array.isArray(headers)) {
    for (let i = 0; i + 1 < headers.length; i += 2) named.append(headers[i], headers[i + 1]);
  } else {
    for (const [name, one] of Object.entries(headers ?? {})) named.append(name, String(one));
  }
  if (!named.has("authorization")) named.set("authorization", value);
  return [...named].flat();
};
const agent = new undici.Agent();
undici.setGlobalDispatcher(
  agent.compose(
    (dispatch) => (options, handler) =>
      dispatch({ ...options, headers: authorized(options.headers) }, handler),
  ),
);

const plainRequest = http.request;
http.request = (...given) => {
  const request = plainRequest(...given);
  if (!request.headersSent && !request.hasHeader("authorization")) {
    request.setHeader("authorization", value);
  }
  return request;
};
syncBuiltinESMExports();
