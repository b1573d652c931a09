using Microsoft.Extensions.Options;

namespace FedPlatform.Web.Runs;

/// <summary>Section <c>Runs</c>: how runs are held and given up. Seconds.</summary>
public sealed class RunOptions
{
    public const string Section = "Runs";

    /// <summary>A run whose process says nothing for so long is lost.</summary>
    public double LeaseSeconds { get; set; } = 45;

    /// <summary>How often a process renews its lease.</summary>
    public double HeartbeatSeconds { get; set; } = 15;

    /// <summary>Time a process has from its start to its first word.</summary>
    public double StartSeconds { get; set; } = 120;

    /// <summary>Time a process has to stop by itself before it is killed.</summary>
    public double StopGraceSeconds { get; set; } = 10;

    public double ReconcileSeconds { get; set; } = 15;

    /// <summary>Wait before a lost run starts again; doubles with every loss in a row.</summary>
    public double BackoffSeconds { get; set; } = 2;

    /// <summary>Losses in a row, without a committed round between them, after which a run has failed.</summary>
    public int MaxLosses { get; set; } = 5;
}

internal sealed class RunOptionsValidator : IValidateOptions<RunOptions>
{
    public ValidateOptionsResult Validate(string? name, RunOptions options)
    {
        var problems = new List<string>();
        void Positive(string key, double value)
        {
            if (!(value > 0 && double.IsFinite(value)))
            {
                problems.Add($"Runs:{key} must be above 0, got {value}.");
            }
        }

        Positive(nameof(options.LeaseSeconds), options.LeaseSeconds);
        Positive(nameof(options.HeartbeatSeconds), options.HeartbeatSeconds);
        Positive(nameof(options.StartSeconds), options.StartSeconds);
        Positive(nameof(options.StopGraceSeconds), options.StopGraceSeconds);
        Positive(nameof(options.ReconcileSeconds), options.ReconcileSeconds);
        Positive(nameof(options.BackoffSeconds), options.BackoffSeconds);
        if (options.HeartbeatSeconds * 2 > options.LeaseSeconds)
        {
            problems.Add($"Runs:LeaseSeconds must be at least twice Runs:HeartbeatSeconds, got {options.LeaseSeconds} and {options.HeartbeatSeconds}.");
        }

        if (options.MaxLosses < 1)
        {
            problems.Add($"Runs:MaxLosses must be at least 1, got {options.MaxLosses}.");
        }

        return problems.Count == 0 ? ValidateOptionsResult.Success : ValidateOptionsResult.Fail(problems);
    }
}
