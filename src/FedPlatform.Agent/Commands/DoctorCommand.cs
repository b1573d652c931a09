using System.CommandLine;
using System.Text.Json;
using FedPlatform.Agent.Configuration;
using FedPlatform.Agent.Diagnostics;
using FedPlatform.Agent.Terminal;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Agents;

namespace FedPlatform.Agent.Commands;

/// <summary><c>agent doctor</c>: what this machine offers to runs.</summary>
internal static class DoctorCommand
{
    public static Command Create()
    {
        var data = CommonOptions.Data();
        var json = new Option<bool>("--json") { Description = "Print JSON." };
        var command = new Command("doctor",
            "Says what torch found, cores, threads, bf16, memory, data sets and disk. Changes nothing. Exit code 0 when runs will work, 1 when not.") { data, json };
        command.SetAction(parsed =>
        {
            Screen screen = Screen.Standard();
            IReadOnlyList<Finding> findings = new Doctor(StorageSettings.Load(parsed.GetValue(data) ?? [], null), TimeProvider.System).Examine();
            bool well = findings.All(f => f.State != FindingState.Bad);
            if (parsed.GetValue(json))
            {
                screen.Line(JsonSerializer.Serialize(new { well, findings }, ContractJson.Indented));
            }
            else
            {
                foreach (string line in Lines(findings)) screen.Line(line);
                screen.Line("");
                screen.Line(well ? "Runs will work here." : "Runs will not work here: see the lines marked ✗.");
            }

            return well ? AgentProtocol.ExitFinished : AgentProtocol.ExitFailed;
        });
        return command;
    }

    private static IEnumerable<string> Lines(IReadOnlyList<Finding> findings)
    {
        string area = "";
        foreach (Finding finding in findings)
        {
            if (finding.Area != area) yield return (area.Length == 0 ? "" : Environment.NewLine) + (area = finding.Area);
            string mark = finding.State switch { FindingState.Ok => "✓", FindingState.Note => "·", _ => "✗" };
            yield return $"  {mark} {finding.Name,-17} {finding.Value}";
        }
    }
}
