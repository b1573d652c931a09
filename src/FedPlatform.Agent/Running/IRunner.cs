using FedPlatform.Contracts.Agents;
using FedPlatform.Contracts.Specs;
using FedPlatform.Datasets.Specs;
using FedPlatform.Learning.Federation;

namespace FedPlatform.Agent.Running;

/// <summary>Runs a spec from a committed round to its end. The real one is <see cref="TorchRunner"/>.</summary>
public interface IRunner
{
    /// <summary>
    /// Blocks until the run is over. Throws <see cref="SpecProblemsException"/> before anything happened,
    /// <see cref="RunFailedException"/>, whatever <paramref name="observer"/> throws, or an I/O error.
    /// </summary>
    /// <returns><see cref="RunEndKind.Finished"/>, <see cref="RunEndKind.Paused"/> or <see cref="RunEndKind.Stopped"/>.</returns>
    RunEndKind Run(RunnerInput input, IRunObserver observer, CancellationToken cancellationToken);
}

/// <param name="Folder">The run's folder, where checkpoints are written.</param>
/// <param name="Resume">The committed checkpoint, or null at round 0.</param>
/// <param name="CommittedRounds">Rounds that count already.</param>
public sealed record RunnerInput(RunSpec Spec, string Folder, CheckpointFile? Resume, int CommittedRounds);

/// <summary>A spec that cannot be run, with everything that is wrong with it.</summary>
public sealed class SpecProblemsException(IReadOnlyList<SpecProblem> problems)
    : Exception(string.Join(Environment.NewLine, problems.Select(Describe)))
{
    public IReadOnlyList<SpecProblem> Problems { get; } = problems;

    /// <summary><c>field: message</c>.</summary>
    public static string Describe(SpecProblem problem) => problem.Field.Length == 0 ? problem.Message : $"{problem.Field}: {problem.Message}";
}
