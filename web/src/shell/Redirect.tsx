import { useNavigate } from "@tanstack/react-router";
import { useEffect, useState } from "react";

/** Leads to another address, once: while the other page is loaded, what it is computed from changes already. */
export function Redirect({ to }: { to: string }) {
  const [target] = useState(to);
  const navigate = useNavigate();
  useEffect(() => {
    void navigate({ href: target, replace: true });
  }, [navigate, target]);
  return null;
}
