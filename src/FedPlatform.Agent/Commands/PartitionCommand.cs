using System.CommandLine;
using FedPlatform.Agent.Configuration;
using FedPlatform.Agent.Running;
using FedPlatform.Agent.Terminal;
using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Runs;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets;

namespace FedPlatform.Agent.Commands;

/// <summary><c>agent partition</c>: who would hold what, without training.</summary>
internal static class PartitionCommand
{
    public static Command Create()
    {
        var path = new Argument<string>("SPEC") { Description = "The run as JSON or YAML; - reads standard input." };
        var data = CommonOptions.Data();
        var command = new Command("partition", "Prints how a run's data would be divided among its clients, without training: the same division as in the run.") { path, data };
        command.SetAction(parsed =>
        {
            Screen screen = Screen.Standard();
            try
            {
                var catalogue = new DatasetCatalogue(StorageSettings.Load(parsed.GetValue(data) ?? [], null).DataRoots);
                RunSpec spec = SpecFile.Read(parsed.GetValue(path)!, catalogue);
                foreach (string line in Table(FederatedPlan.Create(spec, catalogue.Labels(spec.Dataset)).Report)) screen.Line(line);
                return AgentProtocol.ExitFinished;
            }
            catch (SpecProblemsException problems)
            {
                foreach (var problem in problems.Problems) screen.Error(SpecProblemsException.Describe(problem));
                return AgentProtocol.ExitBadInput;
            }
            catch (DatasetException missing)
            {
                screen.Error(missing.Message);
                return AgentProtocol.ExitFailed;
            }
        });
        return command;
    }

    /// <summary>A row a client, a column a class, with the totals and the groups below.</summary>
    internal static IEnumerable<string> Table(PartitionReport report)
    {
        int classes = report.ClassNames.Count;
        int[] widths = [.. Enumerable.Range(0, classes).Select(c => Math.Max(Math.Min(report.ClassNames[c].Length, 10), Math.Max(report.ClassCounts[c].ToString().Length, 6)))];
        string Cells(Func<int, string> cell) => string.Concat(Enumerable.Range(0, classes).Select(c => "  " + cell(c).PadLeft(widths[c])));

        yield return $"{"client",-8}{"samples",8}{"test",7}{Cells(c => report.ClassNames[c].Length > widths[c] ? report.ClassNames[c][..widths[c]] : report.ClassNames[c])}";
        for (int k = 0; k < report.ClientSizes.Count; k++)
        {
            IReadOnlyList<int> counts = report.Counts[k];
            yield return $"{k,-8}{report.ClientSizes[k],8}{report.LocalTestCounts[k].Sum(),7}{Cells(c => counts[c] == 0 ? "·" : counts[c].ToString())}";
        }

        yield return $"{"all",-8}{report.ClassCounts.Sum(),8}{report.TestCounts.Sum(),7}{Cells(c => report.ClassCounts[c].ToString())}";
        yield return $"{"counts",-23}{Cells(c => report.GroupsByCounts[c])}";
        yield return $"{"cumulative",-23}{Cells(c => report.GroupsByCumulative[c])}";
        foreach (string warning in report.Warnings) yield return $"warning: {warning}";
    }
}
