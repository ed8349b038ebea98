import type { IncomingMessage, ServerResponse } from "node:http";
import type {
  GetServerSideProps,
  GetServerSidePropsContext,
  NextApiHandler,
  NextApiRequest,
  NextApiResponse,
} from "next";
import type { RegisteredData } from "../../core/register.js";
import { refuse } from "../../core/relying-party/guard.js";
import { RelyingPartyRequest } from "../../core/relying-party/relying-party-request.js";
import { mustNotBeAway, notAuthenticated } from "../../core/relying-party/replies.js";
import type { AuthSession } from "../../core/relying-party/request-auth.js";
import { loginUrl, type RequestContext } from "../../core/relying-party/request-context.js";
import { checkRequirement, type SessionRequirement } from "../../core/relying-party/requirement.js";
import { routeOf } from "../../core/relying-party/site.js";
import { pathOf } from "../../core/request/reading.js";
import type { ReplyWriter } from "../../core/request/response.js";
import { mustBeHandler } from "../lib/checks.js";
import { type NodeRequest, toRequestView } from "../lib/node-request.js";
import { createNodeWriter } from "../lib/node-writer.js";
import type { RequestAuth } from "../lib/request-auth.js";
import { createWebWriter } from "../lib/web-writer.js";
import { type Configured, mustBeUnder } from "./configured.js";
import { redirectFor } from "./sealed-login.js";

/** One request of the Pages Router. */
interface PagesRequest<Data> {
  readonly auth: RelyingPartyRequest<Data, void>;
  readonly context: RequestContext<Data>;
  /** Sends nothing if the request was opened without a response. */
  readonly writer: ReplyWriter<void>;
}

/** The `RequestAuth` of a request of the Pages Router: `login` and `logout` answer the request. */
export interface PagesRequestAuth<Data = RegisteredData> extends RequestAuth<Data, void> {}

/** A {@link PagesRequestAuth} inside `requireSessionApi`: its session is not null. After `logout`, it has none all the same. */
export interface PagesSignedInAuth<Data = RegisteredData> extends PagesRequestAuth<Data> {
  readonly session: AuthSession<Data>;
}

/** A handler in `pages/api` for signed-in requests only: its session is not null. */
export type SignedInApiHandler<Data = RegisteredData> = (
  req: NextApiRequest,
  res: NextApiResponse,
  auth: PagesSignedInAuth<Data>,
) => unknown;

/** The Pages Router: API routes, `getServerSideProps`, `getInitialProps`. */
export interface PagesRouter<Data> {
  apiHandler: NextApiHandler;
  open(req: IncomingMessage, res?: ServerResponse): Promise<PagesRequest<Data>>;
  requireSessionApi(handler: SignedInApiHandler<Data>, requirement?: SessionRequirement<Data>): NextApiHandler;
  requireSessionPage<Props extends Record<string, unknown>>(
    handler?: (context: GetServerSidePropsContext, session: AuthSession<Data>) => ReturnType<GetServerSideProps<Props>>,
    requirement?: SessionRequirement<Data>,
  ): GetServerSideProps;
}

/** The URL of the page in the browser. Next removes the locale from `resolvedUrl`, and `req.url` of a data request has another path. */
const urlOf = ({ resolvedUrl, locale, defaultLocale }: GetServerSidePropsContext): string =>
  (locale && locale !== defaultLocale ? `/${locale}` : "") + resolvedUrl;

async function openPage<Data>(
  { relyingParty, base }: Configured<Data>,
  req: NodeRequest,
  res: ServerResponse | undefined,
): Promise<PagesRequest<Data>> {
  const writer = res ? createNodeWriter(res, req) : { ...createWebWriter({ open: false }), send() {} };
  const auth = await relyingParty.open(toRequestView(req, { base }), writer);
  const context = RelyingPartyRequest.contextOf(auth);
  // A request for one of latchkey's routes does not count as activity: a page may repeat it while the user is away.
  if (!routeOf(context.request, context.site, context)) await auth.roll();
  return { auth, context, writer };
}

/** A request that was opened, with its response if it had one. */
interface OpenedPage<Data> {
  readonly res: ServerResponse | undefined;
  readonly page: Promise<PagesRequest<Data>>;
}

export function createPagesRouter<Data>(configured: () => Configured<Data>): PagesRouter<Data> {
  const pages = new WeakMap<object, OpenedPage<Data>>();
  /** All calls for a request share one; a request that was opened without a response is opened again with one. */
  const open: PagesRouter<Data>["open"] = (req, res) => {
    const opened = pages.get(req);
    if (opened && (opened.res || !res)) return opened.page;
    const page = (async () => openPage(configured(), req, res))();
    pages.set(req, { res, page });
    return page;
  };
  return {
    open,

    async apiHandler(req, res) {
      const { auth, context, writer } = await open(req, res);
      const reply = await auth.route();
      if (reply) return writer.send(reply);
      const { config, site, request } = context;
      // Next's router requests data for a link to this route, as if it were a page. A response without data makes it load the URL.
      if (req.headers["x-nextjs-data"] !== undefined) return res.status(204).end();
      mustBeUnder(site.path + config.mount, pathOf(request));
      return res.status(404).end();
    },

    requireSessionApi(handler, requirement) {
      mustBeHandler(handler, "requireSessionApi");
      checkRequirement(requirement);
      return async (req, res) => {
        const { auth, context, writer } = await open(req, res);
        const { session } = auth;
        // For API routes, which never redirect.
        const reply = session
          ? requirement && (await refuse(context, session, requirement, false))
          : notAuthenticated(auth.reason);
        return reply ? writer.send(reply) : handler(req, res, auth as PagesSignedInAuth<Data>);
      };
    },

    requireSessionPage(handler, requirement = {}) {
      checkRequirement(requirement);
      return async (page) => {
        const { auth, context } = await open(page.req, page.res);
        const { session } = auth;
        if (!session) mustNotBeAway(auth.reason);
        const returnTo = configured().base + urlOf(page);
        const destination = session
          ? await redirectFor(context, session, requirement, returnTo)
          : loginUrl(context, returnTo);
        if (!session || destination) return { redirect: { destination: `${destination}`, permanent: false } };
        const result = handler ? await handler(page, session) : { props: {} };
        return "props" in result ? { ...result, props: { user: session.user, ...(await result.props) } } : result;
      };
    },
  };
}
