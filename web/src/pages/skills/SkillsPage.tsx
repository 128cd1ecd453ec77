import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { GraduationCap } from "lucide-react";
import { useState } from "react";
import { api, ask } from "@/api/client";
import { skillQuery, skillsQuery } from "@/api/queries";
import type { Skill, SkillProblem } from "@/api/types";
import { PluginLink } from "@/pages/plugins/parts";
import { Button } from "@/ui/Button";
import { Dialog } from "@/ui/Dialog";
import { Loaded, Page } from "@/ui/Page";
import { Badge, Card, Empty, When } from "@/ui/parts";
import { Table } from "@/ui/Table";
import { Ticks } from "@/ui/Ticks";
import { toast } from "@/ui/toasts";

/** The texts that turns are given when they help, and the person's choice among them. */
export function SkillsPage() {
  const query = useQuery(skillsQuery);
  const [shown, setShown] = useState<string | null>(null);
  return (
    <Page
      title="Skills"
      intro="Texts that a turn is given when they fit what you say. They bring knowledge; they permit nothing and add no tool."
    >
      <Loaded query={query}>
        {({ items, problems = [] }) => (
          <div className="flex flex-col gap-4">
            {problems.length > 0 && <Problems problems={problems} />}
            {items.length === 0 ? (
              <Card>
                <Empty icon={<GraduationCap size={26} />} title="There are no skills">
                  A folder with a <code>SKILL.md</code> in the folder <code>skills</code> of octi's home is
                  one, and plugins bring them.
                </Empty>
              </Card>
            ) : (
              <SkillTable skills={items} onShow={setShown} />
            )}
          </div>
        )}
      </Loaded>
      {shown !== null && <SkillDialog name={shown} onClose={() => setShown(null)} />}
    </Page>
  );
}

function SkillTable({ skills, onShow }: { skills: readonly Skill[]; onShow: (name: string) => void }) {
  return (
    <Table
      label="Skills"
      rows={skills}
      rowKey={(skill) => skill.name}
      columns={[
        {
          key: "name",
          title: "Skill",
          cell: (skill) => (
            <div>
              <button
                type="button"
                className="text-left font-medium hover:underline"
                onClick={() => onShow(skill.name)}
              >
                {skill.name}
              </button>
              <p className="text-sm text-soft">{skill.description}</p>
            </div>
          ),
          sort: (skill) => skill.name,
        },
        { key: "from", title: "From", cell: (skill) => <From skill={skill} />, wideOnly: true },
        { key: "given", title: "Given", cell: (skill) => <Given skill={skill} /> },
        {
          key: "uses",
          title: "Uses",
          align: "right",
          cell: (skill) => (
            <span className="tabular-nums">
              {skill.uses}
              {skill.usedAt && (
                <span className="block text-xs text-faint">
                  <When at={skill.usedAt} />
                </span>
              )}
            </span>
          ),
          sort: (skill) => skill.uses,
        },
        { key: "do", title: "", align: "right", cell: (skill) => <Switch skill={skill} /> },
      ]}
    />
  );
}

function From({ skill }: { skill: Skill }) {
  if (!skill.plugin) return <code className="text-xs">{skill.path}</code>;
  return <PluginLink id={skill.plugin} className="text-sm hover:underline" />;
}

function Given({ skill }: { skill: Skill }) {
  if (!skill.enabled) return <Badge tone="deny">never</Badge>;
  return skill.always ? <Badge tone="info">always</Badge> : <Badge>when it fits</Badge>;
}

function Switch({ skill: { name, enabled } }: { skill: Skill }) {
  const client = useQueryClient();
  const change = useMutation({
    mutationFn: () =>
      ask(api.PUT("/api/skills/{name}", { params: { path: { name } }, body: { enabled: !enabled } })),
    onSuccess: (skill) => {
      void client.invalidateQueries({ queryKey: skillsQuery.queryKey });
      toast({
        tone: "ok",
        text: `Your turns ${skill.enabled ? "may be" : "are not"} given \`${skill.name}\`.`,
      });
    },
    onError: (error) => toast({ tone: "error", text: error.message }),
  });
  return (
    <Button busy={change.isPending} onClick={() => change.mutate()}>
      {enabled ? "Switch off" : "Switch on"}
      <span className="sr-only"> {name}</span>
    </Button>
  );
}

function Problems({ problems }: { problems: readonly SkillProblem[] }) {
  return (
    <Card title="Files that are no skills">
      <ul className="flex flex-col gap-1.5 text-sm">
        {problems.map(({ path, line, problem }) => (
          <li key={`${path} ${line}`} className="[overflow-wrap:anywhere]">
            <code>{path}</code>
            {line && ` line ${line}`}: <Ticks text={problem} />
          </li>
        ))}
      </ul>
    </Card>
  );
}

function SkillDialog({ name, onClose }: { name: string; onClose: () => void }) {
  const query = useQuery(skillQuery(name));
  return (
    <Dialog title={name} onClose={onClose} wide>
      <Loaded query={query}>
        {({ skill, text }) => (
          <div className="flex flex-col gap-3">
            <p className="text-sm text-soft">
              {skill.description}
              {skill.license && ` Licence: ${skill.license}.`}
            </p>
            {skill.triggers.length > 0 && (
              <p className="text-sm text-soft">Called by: {skill.triggers.join(", ")}</p>
            )}
            {skill.allowedTools.length > 0 && (
              <p className="text-sm text-soft">
                It speaks of {skill.allowedTools.join(", ")}, which grants it none of them.
              </p>
            )}
            <h3 className="text-sm font-semibold">What a model is shown</h3>
            <pre className="mono rounded border border-line bg-surface-2 p-3 text-xs whitespace-pre-wrap [overflow-wrap:anywhere]">
              {text}
            </pre>
          </div>
        )}
      </Loaded>
    </Dialog>
  );
}
