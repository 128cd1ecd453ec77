import { useInfiniteQuery, useQuery } from "@tanstack/react-query";
import { Link } from "@tanstack/react-router";
import { Bell, CheckCheck, SlidersHorizontal } from "lucide-react";
import { useState } from "react";
import { asFailure } from "@/api/errors";
import { markAllRead, newestQuery, notificationsQuery } from "@/api/notifications";
import { Button } from "@/ui/Button";
import { CheckField } from "@/ui/Field";
import { Loaded, Page } from "@/ui/Page";
import { Card, Empty } from "@/ui/parts";
import { toast } from "@/ui/toasts";
import { NotificationRow } from "./kinds";

/** What a person was told of while they looked elsewhere. */
export function NotificationsPage() {
  const [unreadOnly, setUnreadOnly] = useState(false);
  const query = useInfiniteQuery(notificationsQuery(unreadOnly));
  const { data: newest } = useQuery(newestQuery);
  const unread = newest?.unread ?? 0;
  const readAll = () =>
    markAllRead().catch((error) => toast({ tone: "error", text: asFailure(error).message }));
  return (
    <Page
      title="Notifications"
      intro="What you were told of while you looked elsewhere. The newest 500 are kept."
      actions={
        <>
          <Link
            to="/settings"
            search={{ tab: "notifications" }}
            className="inline-flex h-8 items-center gap-1.5 rounded border border-line bg-surface-1 px-3 text-sm hover:bg-surface-2 max-sm:h-9"
          >
            <SlidersHorizontal size={14} aria-hidden="true" /> Choose which
          </Link>
          <Button icon={<CheckCheck size={14} />} disabled={unread === 0} onClick={() => void readAll()}>
            Mark all read
          </Button>
        </>
      }
    >
      <CheckField
        label="Only the unread ones"
        checked={unreadOnly}
        onChange={(event) => setUnreadOnly(event.target.checked)}
      />
      <Loaded query={query}>
        {({ pages }) => {
          const items = pages.flatMap((page) => page.items);
          return items.length > 0 ? (
            <ul className="divide-y divide-line overflow-hidden rounded border border-line bg-surface-1">
              {items.map((one) => (
                <li key={one.id}>
                  <NotificationRow one={one} />
                </li>
              ))}
            </ul>
          ) : (
            <Card>
              <Empty icon={<Bell size={26} />} title={unreadOnly ? "All is read" : "Nothing yet"}>
                When a turn ends while you look elsewhere, fails, or waits for your answer, you are told here.
              </Empty>
            </Card>
          );
        }}
      </Loaded>
      {query.hasNextPage && (
        <Button
          className="self-center"
          busy={query.isFetchingNextPage}
          onClick={() => void query.fetchNextPage()}
        >
          Show older ones
        </Button>
      )}
    </Page>
  );
}
