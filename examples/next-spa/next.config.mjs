const isStatic = process.env.FLAVOUR !== "serverless";

/** Both flavours have the pages (.jsx); the API route (.js) needs a server. */
export default {
  output: isStatic ? "export" : undefined,
  pageExtensions: isStatic ? ["jsx"] : ["jsx", "js"],
  trailingSlash: true,
};
