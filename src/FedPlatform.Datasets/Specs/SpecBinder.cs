using System.Collections.Concurrent;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using FedPlatform.Contracts.Specs;

namespace FedPlatform.Datasets.Specs;

/// <summary>
/// Puts parsed values into the spec records by their properties, so that a new field of a contract is readable at once.
/// Goes on after a problem: the field keeps its default, and every problem is reported.
/// </summary>
internal sealed class SpecBinder
{
    private static readonly ConcurrentDictionary<Type, Field[]> Layouts = new();
    private static readonly NullabilityInfoContext Nullability = new();

    private readonly List<SpecProblem> problems = [];

    public static (RunSpec Spec, IReadOnlyList<SpecProblem> Problems) Bind(SpecNode root)
    {
        SpecBinder binder = new();
        if (root is not SpecObject fields)
        {
            return (new RunSpec(), [new SpecProblem("", root.Written, $"A spec is an object with fields such as dataset and rounds; this is {root.Kind}.")]);
        }

        return ((RunSpec)binder.BindObject(typeof(RunSpec), fields, ""), binder.problems);
    }

    private sealed record Field(string Name, PropertyInfo Property, Type Type, bool Nullable, bool IsObject);

    private static Field[] Layout(Type type) => Layouts.GetOrAdd(type, static t =>
    {
        lock (Nullability)
        {
            return [.. t.GetProperties(BindingFlags.Public | BindingFlags.Instance).Where(p => p.CanWrite).Select(p =>
            {
                Type bare = System.Nullable.GetUnderlyingType(p.PropertyType) ?? p.PropertyType;
                bool nullable = bare != p.PropertyType || (!bare.IsValueType && Nullability.Create(p).WriteState == NullabilityState.Nullable);
                bool isObject = bare.Namespace == typeof(RunSpec).Namespace && bare.IsClass;
                return new Field(JsonNamingPolicy.CamelCase.ConvertName(p.Name), p, bare, nullable, isObject);
            })];
        }
    });

    private object BindObject(Type type, SpecObject node, string path)
    {
        object target = Activator.CreateInstance(type)!;
        Field[] layout = Layout(type);
        HashSet<string> seen = new(StringComparer.OrdinalIgnoreCase);
        foreach ((string name, SpecNode value) in node.Fields)
        {
            string at = path + name;
            Field? field = Array.Find(layout, f => string.Equals(f.Name, name, StringComparison.OrdinalIgnoreCase));
            if (field is null)
            {
                problems.Add(new SpecProblem(at, value.Written, Unknown(at, name, path, layout)));
            }
            else if (!seen.Add(name))
            {
                problems.Add(new SpecProblem(at, value.Written, $"{at} is given more than once."));
            }
            else
            {
                BindField(target, field, value, path + field.Name);
            }
        }

        return target;
    }

    private void BindField(object target, Field field, SpecNode value, string at)
    {
        if (value is SpecNull && field.Nullable)
        {
            field.Property.SetValue(target, null);
        }
        else if (field.IsObject)
        {
            if (value is SpecObject inner)
            {
                field.Property.SetValue(target, BindObject(field.Type, inner, at + "."));
            }
            else
            {
                Wrong(at, value, "an object", value is SpecNull ? "; leave it out to use its defaults" : "");
            }
        }
        else if (field.Type == typeof(string))
        {
            if (value is SpecText text)
            {
                field.Property.SetValue(target, text.Value);
            }
            else
            {
                Wrong(at, value, "text", value is SpecNumber or SpecBool ? $"; write it in quotes: \"{value.Written}\"" : "");
            }
        }
        else if (field.Type == typeof(bool))
        {
            if (value is SpecBool flag)
            {
                field.Property.SetValue(target, flag.Value);
            }
            else
            {
                Wrong(at, value, "true or false");
            }
        }
        else if (field.Type == typeof(double))
        {
            if (value is SpecNumber number && double.TryParse(number.Literal, NumberStyles.Float, CultureInfo.InvariantCulture, out double parsed))
            {
                field.Property.SetValue(target, parsed);
            }
            else
            {
                Wrong(at, value, "a number", value is SpecText ? " in quotes" : "");
            }
        }
        else if (field.Type == typeof(int))
        {
            if (Whole(value, at, int.MinValue, int.MaxValue) is long whole)
            {
                field.Property.SetValue(target, (int)whole);
            }
        }
        else if (field.Type == typeof(long))
        {
            if (Whole(value, at, long.MinValue, long.MaxValue) is long whole)
            {
                field.Property.SetValue(target, whole);
            }
        }
        else
        {
            throw new NotSupportedException($"Specs cannot hold {field.Type} ({at}).");
        }
    }

    /// <summary>30 and 30.0 are whole numbers, 30.5 is not; exact for all 64 bits.</summary>
    private long? Whole(SpecNode value, string at, long smallest, long largest)
    {
        if (value is not SpecNumber number)
        {
            Wrong(at, value, "a whole number", value is SpecText ? " in quotes" : "");
            return null;
        }

        if (long.TryParse(number.Literal, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out long whole))
        {
        }
        else if (double.TryParse(number.Literal, NumberStyles.Float, CultureInfo.InvariantCulture, out double real)
            && Math.Floor(real) == real && Math.Abs(real) < 1L << 53)
        {
            whole = (long)real;
        }
        else
        {
            bool integral = number.Literal.TrimStart('-', '+').All(char.IsAsciiDigit);
            problems.Add(new SpecProblem(at, number.Literal, integral
                ? $"{at} must be between {smallest} and {largest}, got {number.Literal}."
                : $"{at} must be a whole number, got {number.Literal}."));
            return null;
        }

        if (whole < smallest || whole > largest)
        {
            problems.Add(new SpecProblem(at, number.Literal, $"{at} must be between {smallest} and {largest}, got {number.Literal}."));
            return null;
        }

        return whole;
    }

    private void Wrong(string at, SpecNode value, string wanted, string hint = "")
    {
        string got = value.Written is null or "null" ? value.Kind : value is SpecText ? $"the text \"{value.Written}\"" : value.Written;
        problems.Add(new SpecProblem(at, value.Written, $"{at} must be {wanted}, got {got}{hint}."));
    }

    private static string Unknown(string at, string name, string path, Field[] layout)
    {
        string? near = layout.Select(f => f.Name).Select(f => (Name: f, Distance: Distance(f, name)))
            .Where(f => f.Distance <= Math.Max(2, f.Name.Length / 3) && f.Distance < f.Name.Length)
            .OrderBy(f => f.Distance).Select(f => path + f.Name).FirstOrDefault();

        // The right name at the wrong level: alpha at the top belongs into partition.
        string? elsewhere = AllPaths(typeof(RunSpec), "").FirstOrDefault(p =>
            string.Equals(p[(p.LastIndexOf('.') + 1)..], name, StringComparison.OrdinalIgnoreCase));
        string? suggestion = elsewhere ?? near;
        return suggestion is null
            ? $"There is no field {at}; there are {string.Join(", ", layout.Select(f => path + f.Name))}."
            : $"There is no field {at}. Did you mean {suggestion}?";
    }

    private static IEnumerable<string> AllPaths(Type type, string path) =>
        Layout(type).SelectMany(f => f.IsObject ? AllPaths(f.Type, path + f.Name + ".").Prepend(path + f.Name) : [path + f.Name]);

    /// <summary>Levenshtein distance without regard to case.</summary>
    private static int Distance(string a, string b)
    {
        // A name of a kilobyte is no misspelling.
        if (b.Length > 64)
        {
            return int.MaxValue;
        }

        int[] previous = [.. Enumerable.Range(0, b.Length + 1)];
        for (int i = 1; i <= a.Length; i++)
        {
            int[] current = new int[b.Length + 1];
            current[0] = i;
            for (int j = 1; j <= b.Length; j++)
            {
                int replace = previous[j - 1] + (char.ToLowerInvariant(a[i - 1]) == char.ToLowerInvariant(b[j - 1]) ? 0 : 1);
                current[j] = Math.Min(replace, Math.Min(previous[j], current[j - 1]) + 1);
            }

            previous = current;
        }

        return previous[^1];
    }
}
