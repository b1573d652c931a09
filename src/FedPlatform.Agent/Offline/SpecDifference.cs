using System.Text.Json;
using System.Text.Json.Nodes;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Agent.Offline;

/// <summary>Which fields of two specs would change a result.</summary>
public static class SpecDifference
{
    private static readonly string[] s_harmless = ["name", "notes", "rounds", "evaluateEvery", "device", "workers", "keepCheckpoints"];

    /// <summary>Lines such as <c>algorithm.learningRate: 0.03 was 0.1</c>; name, notes, length, how often it is evaluated, device, workers and kept checkpoints never count.</summary>
    public static IReadOnlyList<string> Between(RunSpec before, RunSpec now)
    {
        JsonNode old = JsonSerializer.SerializeToNode(before, ContractJson.Options)!, changed = JsonSerializer.SerializeToNode(now, ContractJson.Options)!;
        foreach (string field in s_harmless)
        {
            old.AsObject().Remove(field);
            changed.AsObject().Remove(field);
        }

        var differences = new List<string>();
        Compare("", old, changed, differences);
        return differences;
    }

    private static void Compare(string path, JsonNode? old, JsonNode? changed, List<string> differences)
    {
        if (old is JsonObject a && changed is JsonObject b)
        {
            foreach ((string name, JsonNode? value) in a) Compare(path.Length == 0 ? name : $"{path}.{name}", value, b[name], differences);
        }
        else if (!JsonNode.DeepEquals(old, changed))
        {
            differences.Add($"{path}: {changed?.ToJsonString() ?? "null"} was {old?.ToJsonString() ?? "null"}");
        }
    }
}
