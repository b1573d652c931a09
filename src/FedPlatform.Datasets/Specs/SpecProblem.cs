namespace FedPlatform.Datasets.Specs;

/// <summary>One thing wrong with a spec.</summary>
/// <param name="Field">JSON path, e.g. <c>partition.alpha</c>.</param>
/// <param name="Value">The value as written.</param>
/// <param name="Message">For people, with the bound: "α must be above 0, got −1".</param>
public sealed record SpecProblem(string Field, string? Value, string Message);
