export default {
  basePath: "/docs",
  trailingSlash: true,
  i18n: { locales: ["en", "de"], defaultLocale: "en" },
  turbopack: { root: import.meta.dirname },
};
