import { useMutation, useQueryClient } from "@tanstack/react-query";
import { type FormEvent, useState } from "react";
import { api, ask } from "@/api/client";
import { mcpServersQuery, toolsQuery } from "@/api/queries";
import type { McpServer, McpServerConfig } from "@/api/types";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { ErrorBox } from "@/ui/ErrorBox";
import { TextArea, TextField } from "@/ui/Field";
import { toast } from "@/ui/toasts";

const EXAMPLE = `{
  "command": "/usr/bin/node",
  "args": ["/opt/mcp/files/index.js", "stdio"],
  "read": ["/opt/mcp"]
}`;

/** A server as `mcp.json` has it, so that what its documentation shows can be pasted. */
export function ServerDialog({ server, onClose }: { server: McpServer | null; onClose: () => void }) {
  const client = useQueryClient();
  const before = {
    name: server?.name ?? "",
    text: server ? JSON.stringify(server.config, null, 2) : EXAMPLE,
  };
  const [fields, setFields] = useState(before);
  const save = useMutation({
    mutationFn: async () => {
      const config = JSON.parse(fields.text) as McpServerConfig;
      return ask(api.POST("/api/mcp/servers", { body: { name: fields.name.trim(), config } }));
    },
    onSuccess: async ({ name }) => {
      await client.invalidateQueries({ queryKey: mcpServersQuery.queryKey });
      await client.invalidateQueries({ queryKey: toolsQuery.queryKey });
      toast({ tone: "ok", text: `\`${name}\` is set up; test it to see its tools.` });
      onClose();
    },
  });
  const submit = (event: FormEvent) => {
    event.preventDefault();
    save.mutate();
  };
  return (
    <Dialog
      title={server ? `Change ${server.name}` : "Add a server"}
      onClose={onClose}
      unsaved={fields.name !== before.name || fields.text !== before.text}
    >
      <form onSubmit={submit} className="flex flex-col gap-4">
        {server === null && (
          <TextField
            label="Name"
            required
            autoFocus
            className="mono"
            value={fields.name}
            onChange={(event) => setFields({ ...fields, name: event.target.value })}
            help="Lower case letters, digits, - and _: the beginning of its tools' names."
          />
        )}
        <TextArea
          label="Configuration"
          required
          rows={12}
          className="mono"
          value={fields.text}
          onChange={(event) => setFields({ ...fields, text: event.target.value })}
          help="JSON: a command with args, env, read, write and network, or a url with headers. {{secret:NAME}} stands for a secret of yours."
        />
        {save.error && <ErrorBox error={save.error} />}
        <div className="flex justify-end gap-2">
          <Button onClick={onClose}>Cancel</Button>
          <Button type="submit" look="primary" busy={save.isPending}>
            Keep
          </Button>
        </div>
      </form>
    </Dialog>
  );
}
