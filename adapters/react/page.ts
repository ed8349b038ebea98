/** What the rest of this room does to the page, in effects and events only, for a server has none. */

export const navigateTo = (url: string): void => location.assign(url);

/** Leaves by a POST, as a form of the page does. */
export function post(url: string): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  document.body.append(form);
  form.submit();
}

/** Shows another path, without a navigation; a router's own state is left alone. */
export const replacePath = (path: string): void => history.replaceState(history.state, "", path);
