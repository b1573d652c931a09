using TorchSharp;
using static TorchSharp.torch;

namespace FedPlatform.Learning.Algorithms;

/// <summary>Who owns a linear head [C, d+1]. The order is that of the flat state.</summary>
public enum HeadRole
{
    /// <summary>Trained by clients, uploaded, averaged by the server.</summary>
    Shared,

    /// <summary>Trained by one client, persistent, never uploaded.</summary>
    Private,

    /// <summary>The same everywhere, never trained.</summary>
    Frozen,
}

/// <summary>A linear classifier on the features z, trained by cross-entropy.</summary>
/// <param name="Name">The paper's symbol in letters, e.g. <c>psi</c>.</param>
/// <param name="DrivesBackbone">True when its loss reaches θ; the others see z detached.</param>
public sealed record HeadSpec(string Name, HeadRole Role, bool DrivesBackbone);

/// <summary>The heads that give the generic model's numbers, each [C, d+1].</summary>
/// <param name="Gm">The head whose accuracy is GM.</param>
/// <param name="Classifier">The head that trains the backbone.</param>
/// <param name="Auxiliary">The global auxiliary head before realignment, where there is one.</param>
public sealed record GenericHeads(Tensor Gm, Tensor Classifier, Tensor? Auxiliary);

/// <summary>
/// What makes a federated algorithm different: which heads a client trains, whose loss reaches the backbone, what is shared,
/// and how generic and personalised predictions come from them. The round loop, sampling, aggregation by n_k, evaluation and
/// checkpoints are the same for all and know nothing of it.
/// </summary>
public abstract class FederatedAlgorithm
{
    /// <summary>Name in specs.</summary>
    public abstract string Name { get; }

    /// <summary>Shared, then private, then frozen.</summary>
    public abstract IReadOnlyList<HeadSpec> Heads { get; }

    /// <summary>The frozen heads, [frozen · C·(d+1)], made or found once a run.</summary>
    /// <param name="steps">Told about steps done and in all while they are made.</param>
    public virtual float[] Frozen(Action<long, long> steps, CancellationToken cancellationToken) => [];

    /// <summary>Heads of the generic model from the shared [S,C,d+1] and frozen [F,C,d+1] ones.</summary>
    public abstract GenericHeads Generic(Tensor shared, Tensor frozen);

    /// <summary>Names of the personalised predictions, in the order of <see cref="Personal"/>.</summary>
    public abstract IReadOnlyList<string> PersonalVariants { get; }

    /// <summary>The variant that PM reports.</summary>
    public abstract string PersonalVariant { get; }

    /// <summary>
    /// Personalised heads of n clients, one [n,C,d+1] a variant, from the shared heads [S,C,d+1] and the clients' own [n,P,C,d+1].
    /// Every variant is linear in z, a sum of two heads included, so a head is all it takes.
    /// </summary>
    public abstract IReadOnlyList<Tensor> Personal(Tensor shared, Tensor privates, int clients);
}
