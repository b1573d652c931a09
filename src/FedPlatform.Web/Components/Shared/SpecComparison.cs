using System.Text.Json;
using System.Text.Json.Nodes;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Web.Components.Shared;

/// <summary>Two specs field by field, in the names of their JSON form.</summary>
public static class SpecComparison
{
    public static IReadOnlyList<(string Field, string Before, string After)> Differences(RunSpec before, RunSpec after)
    {
        var old = new Dictionary<string, string>();
        var now = new Dictionary<string, string>();
        Flatten("", JsonSerializer.SerializeToNode(before, ContractJson.Options), old);
        Flatten("", JsonSerializer.SerializeToNode(after, ContractJson.Options), now);
        return [.. now.Where(f => old.GetValueOrDefault(f.Key) != f.Value).Select(f => (f.Key, old.GetValueOrDefault(f.Key, Show.Nothing), f.Value))];
    }

    private static void Flatten(string path, JsonNode? node, Dictionary<string, string> into)
    {
        if (node is JsonObject fields)
        {
            foreach (var (name, value) in fields)
            {
                Flatten(path.Length == 0 ? name : $"{path}.{name}", value, into);
            }
        }
        else
        {
            into[path] = node?.ToString() ?? "default";
        }
    }
}
