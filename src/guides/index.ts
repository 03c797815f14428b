/** Every guide, explicitly, in the order they are listed. Prompts serve them to people, the `guide` tool to models. */
import { analyticsWorkflow } from "./analytics-workflow.ts";
import { dataQualityAudit } from "./data-quality-audit.ts";
import { experimentAnalysis } from "./experiment-analysis.ts";
import { funnelAnalysis } from "./funnel-analysis.ts";
import { goalQuestionMetric } from "./goal-question-metric.ts";
import { growthAccounting } from "./growth-accounting.ts";
import type { Guide } from "./guide.ts";
import { localAnalysisWorkflow } from "./local-analysis-workflow.ts";
import { retentionAnalysis } from "./retention-analysis.ts";

export const GUIDES: readonly Guide[] = [
  analyticsWorkflow,
  funnelAnalysis,
  retentionAnalysis,
  localAnalysisWorkflow,
  goalQuestionMetric,
  growthAccounting,
  experimentAnalysis,
  dataQualityAudit,
];
