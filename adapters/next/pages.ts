import type { IncomingMessage, ServerResponse } from "node:http";
import type { GetServerSideProps, GetServerSidePropsContext, NextApiHandler, NextApiRequest } from "next";
import { MisuseError } from "../../core/errors.js";
import { loginUrl, type VisitContext } from "../../core/relying-party/context.js";
import { notAuthenticated } from "../../core/relying-party/replies.js";
import { routeOf } from "../../core/relying-party/site.js";
import { type AuthSession, createVisit, type Visit } from "../../core/relying-party/visit.js";
import { pathOf } from "../../core/request/reading.js";
import { type NodeRequest, toRequestView } from "../lib/node-request.js";
import { createNodeWriter as createNodeOutlet, type NodeWriter } from "../lib/node-writer.js";
import { createWebWriter as createClosedOutlet } from "../lib/web-writer.js";
import type { Configured } from "./configured.js";

/** One request of the Pages Router. */
interface OpenPage<Data> {
  readonly context: VisitContext<Data>;
  readonly visit: Visit<Data>;
  /** Undefined where there is no response to write to. */
  readonly outlet: NodeWriter | undefined;
}

/** The Pages Router: API routes, `getServerSideProps`, `getInitialProps`. */
export interface PagesRouter<Data> {
  apiHandler: NextApiHandler;
  open(req: IncomingMessage, res?: ServerResponse): Promise<OpenPage<Data>>;
  requireAuthentication(handler: NextApiHandler): NextApiHandler;
  withPageAuth<Props extends Record<string, unknown>>(
    handler?: (context: GetServerSidePropsContext, session: AuthSession<Data>) => ReturnType<GetServerSideProps<Props>>,
  ): GetServerSideProps;
}

/** The page that is asked for, as browsers name it: Next takes off the locale, and asks for data under another path. */
const urlOf = ({ resolvedUrl, locale, defaultLocale }: GetServerSidePropsContext): string =>
  (locale && locale !== defaultLocale ? `/${locale}` : "") + resolvedUrl;

export function createPagesRouter<Data>(configured: () => Configured<Data>): PagesRouter<Data> {
  const known = new WeakMap<
    object,
    { readonly res: ServerResponse | undefined; readonly page: Promise<OpenPage<Data>> }
  >();

  async function openPage(req: NodeRequest, res: ServerResponse | undefined) {
    const { relyingParty, base } = configured();
    const outlet = res && createNodeOutlet(res, req);
    const context = await relyingParty.open(
      toRequestView(req, { base }),
      outlet ?? createClosedOutlet({ open: false }),
    );
    const visit = createVisit(context);
    // Our own routes are no activity of a person's: a page may ask one of them all night.
    if (!routeOf(context.request, context.site, context.config)) await visit.roll();
    return { context, visit, outlet };
  }

  function open(req: IncomingMessage, res?: ServerResponse): Promise<OpenPage<Data>> {
    const before = known.get(req);
    if (before && (before.res || !res)) return before.page;
    const page = openPage(req, res);
    known.set(req, { res, page });
    return page;
  }

  return {
    open,

    async apiHandler(req, res) {
      const { visit, outlet, context } = await open(req, res);
      const reply = await visit.route();
      if (reply) return outlet?.send(reply);
      const { config, site, request } = context;
      const path = pathOf(request);
      // A router that asks for a page's data where there is no page: it navigates instead.
      if (req.headers["x-nextjs-data"] !== undefined) return res.status(204).end();
      if (path.startsWith(`${site.path}${config.mount}/`)) return res.status(404).end();
      throw new MisuseError("invalid_config", `this handler answers ${path}: set mount to the folder of its file`);
    },

    requireAuthentication: (handler) => async (req: NextApiRequest, res) => {
      const { visit, outlet } = await open(req, res);
      return visit.session() ? handler(req, res) : outlet?.send(notAuthenticated());
    },

    withPageAuth: (handler) => async (page) => {
      const { visit, context } = await open(page.req, page.res);
      const session = visit.session();
      const back = configured().base + urlOf(page);
      if (!session) return { redirect: { destination: loginUrl(context, back), permanent: false } };
      const result = handler ? await handler(page, session) : { props: {} };
      return "props" in result ? { ...result, props: { user: session.user, ...(await result.props) } } : result;
    },
  };
}
