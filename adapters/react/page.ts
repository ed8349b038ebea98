/*
 * The changes that this folder makes to the page, for effects and event handlers only: a server has no page.
 */

export const navigateTo = (url: string): void => location.assign(url);

/** Leaves the page with a POST request, as a form does. */
export function post(url: string): void {
  const form = document.createElement("form");
  form.method = "post";
  form.action = url;
  document.body.append(form);
  form.submit();
}

/** Shows another path in the address bar, without a navigation. The router's state stays. */
export const replacePath = (path: string): void => history.replaceState(history.state, "", path);
