import Link from "next/link";

/** Next prefetches the pages of these links. */
export default function Page() {
  return ["/who", "/all", "/private"].map((path) => (
    <Link key={path} href={path}>
      To {path}
    </Link>
  ));
}
