using System.Text;
using System.Text.Json;
using FedPlatform.Contracts;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Datasets.Specs;

/// <summary>What came of reading a text: a spec, or every problem at once.</summary>
/// <param name="Spec">Null when there is any problem.</param>
public sealed record SpecReading(RunSpec? Spec, IReadOnlyList<SpecProblem> Problems);

/// <summary>Specs as people write them: JSON (comments and trailing commas allowed) or YAML 1.2.</summary>
public static class RunSpecReader
{
    /// <summary>Characters of a spec's text.</summary>
    public const int LargestText = 256 * 1024;

    /// <summary>Levels of nesting.</summary>
    public const int LargestDepth = 16;

    private const int MostProblems = 50;

    /// <summary>
    /// Reads a spec; a text that begins with { or [ or a // or /* comment is JSON, anything else YAML. Unknown and repeated fields and wrong types are problems,
    /// all of them reported. Bounds are the validator's: <see cref="RunSpecValidator.Check"/> reads and validates in one go.
    /// </summary>
    public static SpecReading Read(string text)
    {
        (RunSpec? spec, IReadOnlyList<SpecProblem> problems) = ReadPartly(text);
        return new SpecReading(problems.Count == 0 ? spec : null, problems);
    }

    /// <summary>A text that <see cref="Read"/> reads back to an equal spec.</summary>
    public static string ToJson(RunSpec spec) => JsonSerializer.Serialize(spec, ContractJson.Indented) + "\n";

    /// <inheritdoc cref="ToJson"/>
    public static string ToYaml(RunSpec spec)
    {
        StringBuilder text = new();
        YamlSpecWriter.Write(JsonSerializer.SerializeToNode(spec, ContractJson.Options)!.AsObject(), text, 0);
        return text.ToString();
    }

    /// <summary>As <see cref="Read"/>, but with problems the spec still holds every field that was right; null when the text could not be parsed at all.</summary>
    internal static (RunSpec? Spec, IReadOnlyList<SpecProblem> Problems) ReadPartly(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        if (text.Length > LargestText)
        {
            return (null, [new SpecProblem("", null, $"A spec has at most {LargestText} characters, got {text.Length}.")]);
        }

        string start = text.TrimStart('\uFEFF', ' ', '\t', '\r', '\n');
        if (start.Length == 0)
        {
            return (null, [new SpecProblem("", "", "The spec is empty.")]);
        }

        try
        {
            bool json = start[0] is '{' or '[' || start.StartsWith("//", StringComparison.Ordinal) || start.StartsWith("/*", StringComparison.Ordinal);
            (RunSpec spec, IReadOnlyList<SpecProblem> problems) = SpecBinder.Bind(json ? JsonSpecParser.Parse(start) : YamlSpecParser.Parse(text.TrimStart('\uFEFF')));
            return (spec, problems.Count <= MostProblems
                ? problems
                : [.. problems.Take(MostProblems), new SpecProblem("", null, $"And {problems.Count - MostProblems} more problems.")]);
        }
        catch (SpecSyntaxException exception)
        {
            return (null, [new SpecProblem("", null, exception.Message)]);
        }
    }
}
