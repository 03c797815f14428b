/** What analysts ask, in their words, and the tool that should answer: at least one question for every tool. */
export type Question = { question: string; tool: string };

export const QUESTIONS: readonly Question[] = [
  // discovery
  { question: "What events do we track?", tool: "list_events" },
  { question: "Which properties does the Purchase event have?", tool: "list_properties" },
  { question: "What values does the plan property take?", tool: "list_property_values" },
  { question: "Which funnels have we saved?", tool: "list_funnels" },
  { question: "What cohorts exist and how many people are in each?", tool: "list_cohorts" },
  { question: "Which saved reports and bookmarks are there?", tool: "list_bookmarks" },
  { question: "What are today's most popular events compared with yesterday?", tool: "top_events" },
  { question: "What does this event mean: is there a description or a data dictionary?", tool: "lexicon_schemas" },
  { question: "Was there a release or an outage noted as an annotation last week?", tool: "list_annotations" },
  { question: "Which project and account am I connected to, and how much quota is left?", tool: "workspace_info" },
  // query
  { question: "How many users signed up per day last month, by country?", tool: "segmentation" },
  { question: "How has an event developed over time, broken down by a property?", tool: "segmentation" },
  { question: "Show purchases by order amount in numeric ranges (buckets)", tool: "segmentation_numeric" },
  { question: "What is the total revenue per day, the sum of amount?", tool: "segmentation_sum" },
  { question: "What is the average order value per day?", tool: "segmentation_average" },
  { question: "Compare several events side by side over time", tool: "event_counts" },
  {
    question: "What share of sign ups comes from each browser: the distribution of a property?",
    tool: "property_counts",
  },
  { question: "What is the conversion rate of the checkout funnel and where do people drop out?", tool: "funnel" },
  { question: "Do users come back after signing up: week by week retention of cohorts?", tool: "retention" },
  { question: "On how many days a week do people use the product: how often are users active?", tool: "frequency" },
  { question: "What did this one user do recently: their activity history by distinct_id?", tool: "activity_feed" },
  { question: "Run this JQL script", tool: "jql" },
  { question: "Show the result of a saved Insights report", tool: "query_saved_report" },
  { question: "Which paths do users take after the first step: the saved flows report?", tool: "query_flows" },
  // fetch
  { question: "Download the raw events of last month into a local table", tool: "fetch_events" },
  { question: "Download all user profiles into a local table", tool: "fetch_profiles" },
  { question: "How far is the running download job, how long will it still take?", tool: "fetch_status" },
  { question: "Stop the running fetch job", tool: "fetch_cancel" },
  { question: "Show me a few raw events straight from Mixpanel without storing them", tool: "stream_events" },
  { question: "Show me some user profiles with their properties without storing them", tool: "stream_profiles" },
  // local
  { question: "Run an SQL SELECT query on the fetched tables", tool: "sql" },
  { question: "Join events with profiles in SQL", tool: "sql" },
  { question: "Keep the result of this SQL query as a table for later queries", tool: "create_table" },
  { question: "Give me one single number (a single value) from SQL", tool: "sql_scalar" },
  { question: "Which tables have been fetched to the local store?", tool: "list_tables" },
  {
    question: "What columns and properties does this local table have, and how do I reach them in SQL?",
    tool: "table_schema",
  },
  { question: "Show some random rows of a table", tool: "sample" },
  { question: "Describe every column of a table: nulls, min, max, mean, quantiles", tool: "summarize" },
  {
    question: "How many of each event are in a local table, with users, first seen and last seen?",
    tool: "event_breakdown",
  },
  { question: "Which property keys occur in a fetched table, and how often (coverage)?", tool: "property_keys" },
  {
    question: "Statistics of one column: top values, quantiles, distinct count, standard deviation",
    tool: "column_stats",
  },
  { question: "Delete this table", tool: "drop_table" },
  { question: "Delete all local tables", tool: "drop_all_tables" },
  { question: "Export a table to a CSV file", tool: "export_table" },
  // guide
  { question: "How do I analyse an A/B test experiment properly, step by step?", tool: "guide" },
  { question: "Which method should I use for growth accounting?", tool: "guide" },
];
