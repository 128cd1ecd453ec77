import { useQuery, useQueryClient } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Laptop, Smartphone } from "lucide-react";
import { useState } from "react";
import { call } from "@/api/client";
import { sessionQuery, signInsQuery } from "@/api/queries";
import type { SignIn } from "@/api/types";
import { dateTime } from "@/lib/format";
import { Button } from "@/ui/Button";
import { Confirm } from "@/ui/Dialog";
import { Loaded, Page } from "@/ui/Page";
import { Badge, Card, Facts, When } from "@/ui/parts";
import { browserName } from "./browser";
import { PasswordForm } from "./PasswordForm";

export function ProfilePage() {
  const { data: session } = useQuery(sessionQuery);
  const user = session?.user;
  return (
    <Page title="Profile">
      <div className="grid items-start gap-4 lg:grid-cols-2">
        <Card title="Account">
          {user && (
            <Facts
              facts={[
                ["User name", user.username],
                ["Role", user.isAdmin ? "administrator" : "user"],
                ["Since", dateTime(user.createdAt)],
                [
                  "For programs",
                  <Link key="tokens" to="/tokens" className="text-accent underline">
                    API tokens
                  </Link>,
                ],
              ]}
            />
          )}
        </Card>
        <Card title="Password">
          <PasswordForm />
        </Card>
      </div>
      <Browsers />
    </Page>
  );
}

function Browsers() {
  const query = useQuery(signInsQuery);
  const client = useQueryClient();
  const [revoked, setRevoked] = useState<SignIn | null>(null);
  const revoke = async (id: string) => {
    await call("DELETE", `/api/auth/sessions/${encodeURIComponent(id)}`);
    await client.invalidateQueries({ queryKey: signInsQuery.queryKey });
  };
  return (
    <Card title="Signed-in browsers">
      <Loaded query={query}>
        {({ items }) => (
          <ul className="flex flex-col divide-y divide-line">
            {items.map((signIn) => (
              <li key={signIn.id} className="flex flex-wrap items-center gap-3 py-3 first:pt-0 last:pb-0">
                {/Mobi/.test(signIn.userAgent) ? (
                  <Smartphone size={18} className="text-soft" />
                ) : (
                  <Laptop size={18} className="text-soft" />
                )}
                <div className="min-w-0 flex-1">
                  <p className="flex flex-wrap items-center gap-2 font-medium" title={signIn.userAgent}>
                    {browserName(signIn.userAgent)}
                    {signIn.current && <Badge tone="accent">this one</Badge>}
                  </p>
                  <p className="text-sm text-soft">
                    {signIn.address}, seen <When at={signIn.lastSeenAt} />, since {dateTime(signIn.createdAt)}
                  </p>
                </div>
                {!signIn.current && (
                  <Button look="danger" onClick={() => setRevoked(signIn)}>
                    Sign out
                  </Button>
                )}
              </li>
            ))}
          </ul>
        )}
      </Loaded>
      {revoked && (
        <Confirm
          title="Sign that browser out?"
          action="Sign out"
          onConfirm={() => revoke(revoked.id)}
          onClose={() => setRevoked(null)}
        >
          {browserName(revoked.userAgent)} at {revoked.address} must sign in again. If you do not know it,
          change your password, too.
        </Confirm>
      )}
    </Card>
  );
}
