const isStatic = process.env.VARIANT !== "serverless";

/** Both variants have the pages (.jsx); only the serverless one has the API route (.js), which needs a server. */
export default {
  output: isStatic ? "export" : undefined,
  pageExtensions: isStatic ? ["jsx"] : ["jsx", "js"],
  trailingSlash: true,
};
