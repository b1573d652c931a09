using FedPlatform.Contracts.Runs;
using FedPlatform.Web.Components.Shared;

namespace FedPlatform.Web.Components.Clients;

/// <summary>One class of one client: personalised on its own test images, generic on the balanced test set.</summary>
public sealed record ClientClass(int Class, string Name, string Group, int Train, int Test, double? Personal, double? Generic, double? All)
{
    public double? Delta => Personal - Generic;
}

/// <summary>
/// The answer to "does taking part help this client, and for which classes?" from what was measured: its personalised
/// against the generic model on its own test mix, then class by class. No local-only model is trained, and the text says so.
/// </summary>
/// <param name="Tone"><c>good</c>, <c>warn</c> or <c>info</c>.</param>
public sealed record ClientVerdict(string Tone, string Sentence, string Basis)
{
    /// <summary>Differences below this are noise, in fractions.</summary>
    private const double Noise = 0.005;

    private const string Means = "Measured on this client's own test mix; per class the generic model is measured on the balanced test set. No local-only model is trained in this run, so this compares the personalised with the generic model.";

    /// <summary>Null when the client was not measured.</summary>
    public static ClientVerdict? From(ClientReport? last, ClientReport? first, IReadOnlyList<ClientClass> classes)
    {
        if (last is not { Pm: { } pm })
        {
            return null;
        }

        string grown = first is { Pm: { } start } && first != last ? $", {Show.Points(pm - start)} points since its first measured round" : "";
        if (last.Gm is not { } gm)
        {
            return new ClientVerdict("info", $"The personalised model reaches {Show.Percent(pm)} on this client's own test mix{grown}.", Means);
        }

        ClientClass[] tested = [.. classes.Where(c => c.Delta is not null)];
        ClientClass[] ahead = [.. tested.Where(c => c.Delta > Noise).OrderByDescending(c => c.Delta)];
        ClientClass[] behind = [.. tested.Where(c => c.Delta < -Noise).OrderBy(c => c.Delta)];
        double gain = pm - gm;
        string parts = tested.Length == 0
            ? ""
            : $" It is ahead on {ahead.Length} of {tested.Length} classes{Named(ahead)}{(behind.Length > 0 ? $" and behind on {behind.Length}{Named(behind)}" : "")}.";
        return gain switch
        {
            > Noise => new ClientVerdict("good", $"Yes: with its own head on the shared backbone this client reaches {Show.Percent(pm)}, {Show.Points(gain)} points against the generic model's {Show.Percent(gm)}{grown}.{parts}", Means),
            < -Noise => new ClientVerdict("warn", $"Not with its own head: the personalised model reaches {Show.Percent(pm)}, {Show.Points(gain)} points against the generic model's {Show.Percent(gm)}; this client does better with the generic one{grown}.{parts}", Means),
            _ => new ClientVerdict("info", $"No difference: personalised {Show.Percent(pm)} and generic {Show.Percent(gm)} are within half a point{grown}.{parts}", Means),
        };
    }

    private static string Named(ClientClass[] classes) => classes.Length == 0
        ? ""
        : " (" + string.Join(", ", classes.Take(3).Select(c => $"“{c.Name}” {Show.Points(c.Delta)}")) + (classes.Length > 3 ? ", …" : "") + ")";
}
