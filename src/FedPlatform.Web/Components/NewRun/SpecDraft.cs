using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;

namespace FedPlatform.Web.Components.NewRun;

/// <summary>The spec that a form is about, with what is wrong with it, field by field.</summary>
public sealed class SpecDraft
{
    private readonly SortedDictionary<string, SpecProblem> unreadable = new(StringComparer.Ordinal);

    public RunSpec Spec { get; private set; } = new();

    /// <summary>Found by the validator for <see cref="Spec"/>.</summary>
    public IReadOnlyList<SpecProblem> Found { get; set; } = [];

    /// <summary>What people typed that is no value of its field, then what the validator found.</summary>
    public IReadOnlyList<SpecProblem> Problems => [.. unreadable.Values, .. Found.Where(p => !unreadable.ContainsKey(p.Field))];

    /// <summary>Grows whenever the whole spec is replaced, so that fields forget what was typed.</summary>
    public int Version { get; private set; }

    public event Action? Changed;

    /// <summary>A field has a value.</summary>
    public void Set(string field, RunSpec spec)
    {
        unreadable.Remove(field);
        Spec = spec;
        Changed?.Invoke();
    }

    /// <summary>A field holds something that is no value.</summary>
    public void Refuse(string field, string typed, string message)
    {
        unreadable[field] = new SpecProblem(field, typed, message);
        Changed?.Invoke();
    }

    /// <summary>Another spec: a preset, a clone, a text.</summary>
    public void Replace(RunSpec spec)
    {
        unreadable.Clear();
        Found = [];
        Spec = spec;
        Version++;
        Changed?.Invoke();
    }

    public IEnumerable<string> Of(string field) => Problems.Where(p => p.Field == field).Select(p => p.Message);

    /// <summary>The id of a field's input, for labels and links.</summary>
    public static string Id(string field) => "f-" + field.Replace('.', '-');
}
