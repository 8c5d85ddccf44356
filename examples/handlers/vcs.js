export const outboundByHost = {
  "my-internal-vcs.dev": (request, env, ctx) => {
    const headers = new Headers(request.headers);
    headers.set("x-auth-token", env.SECRET);
    return fetch(request, { headers });
  },
};
export const outboundHandlers = {            // named, attached at run time with params
  readOnly(request, env, ctx) {              // ctx: { sandboxId, containerId, className, policy, params, requestId }
    return request.method === "GET" ? fetch(request) : new Response("read only", { status: 403 });
  },
};
export const outbound = (request, env, ctx) => fetch(request);   // catch-all, where present
